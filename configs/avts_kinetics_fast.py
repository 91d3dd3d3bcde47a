# The paper's setting with a faster step. The same switches go into any config;
# a recognizer has model.backbone (docs/performance.md).
_base_ = 'avts_kinetics.py'

model = dict(video_backbone=dict(channels_last=True))
optim_wrapper = dict(type='BFloat16OptimWrapper')
train_dataloader = dict(pin_memory=True)  # copied beside the step before
default_hooks = dict(compile=dict(type='CompileHook'))
