"""Makes sum.onnx: one input of float[N, 3], one output of float[N, 1] that is 1·a + 2·b + 3·c + 0.5."""

from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

weights = numpy.array([[1.0], [2.0], [3.0]], dtype=numpy.float32)
bias = numpy.array([0.5], dtype=numpy.float32)
graph = helper.make_graph(
    [helper.make_node("Gemm", ["features", "weights", "bias"], ["score"])],
    "sum",
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 3])],
    [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])],
    [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
target = Path(__file__).with_name("sum.onnx")
target.write_bytes(model.SerializeToString())
print(f"{target.name}: {target.stat().st_size} bytes")
