# As UCF101, from the lists of tools/data/hmdb51/build_lists.py.
_base_ = 'ucf101.py'

dataset_name = 'hmdb51'
data_root = 'data/hmdb51'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
