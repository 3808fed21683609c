"""default arguments"""
import sys
sys.path.insert(0, '/work/main/conformance/sagemaker_sdk')
import pytest
from lending import COLUMNS
from sagemaker.clarify import BiasConfig, DataConfig, SageMakerClarifyProcessor
def test_defaults(machine, root, lending):
    p = SageMakerClarifyProcessor(**machine)
    p.run_pre_training_bias(data_config=DataConfig(s3_data_input_path=lending.dataset, s3_output_path=f"{root}/dflt", label="approved", headers=COLUMNS, dataset_type="text/csv"), data_bias_config=BiasConfig(label_values_or_threshold=[1], facet_name="group"))
