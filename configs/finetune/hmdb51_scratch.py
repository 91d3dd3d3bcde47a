# HMDB51 from random weights.
_base_ = [
    '../_base_/models/mc3_recognizer.py',
    '../_base_/datasets/hmdb51.py',
    '../_base_/schedules/finetune_60e.py',
    '../_base_/finetune_runtime.py',
]

pretraining = None
model = dict(cls_head=dict(num_classes=51))
