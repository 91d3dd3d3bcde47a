# The paper's second data set; everything else as on Kinetics.
_base_ = 'avts_kinetics.py'

data_root = 'data/audioset'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
