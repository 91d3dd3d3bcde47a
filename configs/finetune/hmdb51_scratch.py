# HMDB51 from random weights, from the lists of
# tools/data/hmdb51/build_lists.py; everything else as on UCF101.
_base_ = 'ucf101_scratch.py'

dataset_name = 'hmdb51'
data_root = 'data/hmdb51'

model = dict(cls_head=dict(num_classes=51))
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
