"""sentence-transformers (PyTorch, float32) as an engine; see serving.py."""

import numpy
import torch

import minilm
import serving

torch.set_num_threads(serving.engine_threads())
model = minilm.load()
serving.serve(lambda texts: model.encode(texts, batch_size=serving.BATCH, show_progress_bar=False),
              lambda texts: numpy.array([model.encode(text, show_progress_bar=False) for text in texts]))
