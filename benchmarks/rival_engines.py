"""Pix2Vox in engines that only run networks: OpenVINO and ONNX Runtime, both made from the PyTorch
model, in f32 and with every optimisation that they make by themselves.

    evaluator(network, pictures, way, threads)  -> a function without arguments: the volume, [B,32,32,32]

Each is told the number of threads, and to be quick with one input at a time (OpenVINO's latency
mode, ONNX Runtime's sequential execution).
"""

import tempfile

import torch

WAYS = {
    "openvino": "converted to OpenVINO's format, f32, latency mode",
    "onnxruntime": "exported to ONNX, all graph optimisations, f32",
}
# Instruction sets as the engines name them.
SETS = ("sse41", "avx2", "avx512", "amx")
CONVOLUTIONS = ("Convolution", "Deconvolution")


def export_onnx(network, pictures, file):
    """With the exporter that this PyTorch has without further packages, else its newest one."""
    options = dict(input_names=["pictures"], output_names=["volume"])
    try:
        torch.onnx.export(network, (pictures,), file, dynamo=False, opset_version=17, **options)
    except TypeError:  # PyTorch before 2.5 knows no choice
        torch.onnx.export(network, (pictures,), file, opset_version=16, **options)


def openvino(network, pictures, threads):
    import openvino as ov
    model = ov.convert_model(network, example_input=pictures, input=[list(pictures.shape)])
    compiled = ov.Core().compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(pictures.numpy()))

    def run():
        request.infer()
        return torch.from_numpy(request.get_output_tensor().data)

    nodes = [node.get_rt_info() for node in compiled.get_runtime_model().get_ordered_ops()]
    kernels = {node["primitiveType"].astype(str) for node in nodes
               if node["layerType"].astype(str) in CONVOLUTIONS}
    used = [name for name in SETS if any(name in kernel for kernel in kernels)]
    run.info = {"version": ov.__version__, "instructions": ", ".join(used) + " (convolutions)"}
    return run


def onnxruntime(network, pictures, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        export_onnx(network, pictures, file.name)
        session = ort.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: pictures.numpy()}

    def run():
        return torch.from_numpy(session.run(None, inputs)[0])

    # Its kernels (MLAS) are chosen by the processor alone, and there is nothing to ask.
    run.info = {"version": ort.__version__, "instructions": "the processor's"}
    return run


def evaluator(network, pictures, way, threads):
    with torch.no_grad():
        return {"openvino": openvino, "onnxruntime": onnxruntime}[way](network, pictures, threads)
