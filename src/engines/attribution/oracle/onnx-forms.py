"""Makes onnx-forms.json: models of scikit-learn as skl2onnx writes them, with what ONNX Runtime says.

Python 3.11 with skl2onnx 1.19.1, onnx 1.18.0, protobuf 5.29.5, scikit-learn 1.9.1,
onnxruntime 1.31.1, numpy 2.4.6:
    python onnx-forms.py > onnx-forms.json
Of classifiers `scores` are the probabilities; of two classes, the second one's alone.
"""
import base64
import json
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.ensemble import (ExtraTreesRegressor, GradientBoostingClassifier,
                              GradientBoostingRegressor, RandomForestClassifier)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

random = np.random.default_rng(7)
rows = random.normal(size=(400, 4)).astype(np.float32)
plain = rows[:, 0] - 2 * rows[:, 1] * rows[:, 2] + 0.3 * random.normal(size=400)
two = (plain > 0).astype(np.int64)
words = np.where(plain > 0, "late", "ontime")
three = np.digitize(plain, [-0.8, 0.8]).astype(np.int64)
pair = np.stack([plain, rows[:, 3] - plain], axis=1)

models = {
    "GradientBoostingClassifier, 2 classes": (GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0), two),
    "GradientBoostingClassifier, 3 classes": (GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0), three),
    "RandomForestClassifier, 2 classes": (RandomForestClassifier(n_estimators=4, max_depth=3, random_state=0), two),
    "RandomForestClassifier, 3 classes": (RandomForestClassifier(n_estimators=4, max_depth=3, random_state=0), three),
    "RandomForestClassifier, 2 words": (RandomForestClassifier(n_estimators=4, max_depth=3, random_state=0), words),
    "DecisionTreeClassifier, 2 classes": (DecisionTreeClassifier(max_depth=3, random_state=0), two),
    "GradientBoostingRegressor": (GradientBoostingRegressor(n_estimators=5, max_depth=2, random_state=0), plain),
    "ExtraTreesRegressor": (ExtraTreesRegressor(n_estimators=3, max_depth=3, random_state=0), plain),
    "DecisionTreeRegressor, 2 targets": (DecisionTreeRegressor(max_depth=3, random_state=0), pair),
    "LogisticRegression, 2 classes": (LogisticRegression(), two),
    "LogisticRegression, 3 classes": (LogisticRegression(), three),
    "LinearRegression": (LinearRegression(), plain),
    "LinearRegression, 2 targets": (LinearRegression(), pair),
}

forms = []
for name, (model, target) in models.items():
    model.fit(rows, target)
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    made = to_onnx(model, rows[:1], options={id(model): options} if options else None, target_opset={"": 15, "ai.onnx.ml": 3})
    session = onnxruntime.InferenceSession(made.SerializeToString())
    scores = session.run(None, {session.get_inputs()[0].name: rows[:20]})[-1]
    if options and scores.shape[1] == 2:
        scores = scores[:, 1:]
    forms.append({
        "name": name,
        "operators": [node.op_type for node in made.graph.node],
        "model": base64.b64encode(made.SerializeToString()).decode(),
        "scores": np.asarray(scores, dtype=float).reshape(20, -1).tolist(),
    })
print(json.dumps({"rows": rows[:20].astype(float).tolist(), "forms": forms}))
