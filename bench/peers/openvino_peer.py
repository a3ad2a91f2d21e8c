"""OpenVINO at its defaults as an engine; see serving.py. Its argument is the ONNX file, which OpenVINO converts."""

import sys

import openvino

import serving

core = openvino.Core()
model = core.compile_model(core.read_model(sys.argv[1]), "CPU", {"INFERENCE_NUM_THREADS": serving.engine_threads()})
request = model.create_infer_request()
serving.serve_batches(lambda ids, mask: request.infer({"input_ids": ids, "attention_mask": mask})[model.output(0)])
