# The paper's setting with more pairs from the same pictures: each clip is
# decoded and embedded once and compared with three sounds, its own and two
# negatives, which follow the curriculum (docs/performance.md).
_base_ = 'avts_kinetics.py'

train_dataloader = dict(sampler=dict(sounds_per_clip=3))
