"""ONNX Runtime as an engine; see serving.py. Its argument is the ONNX file."""

import sys

import onnxruntime

import serving

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = serving.engine_threads()
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
serving.serve_batches(lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0])
