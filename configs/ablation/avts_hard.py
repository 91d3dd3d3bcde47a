# Single stage: hard negatives alone.
_base_ = '../avts_kinetics.py'

custom_hooks = [
    dict(type='CurriculumHook', stages=[dict(begin=0, mix=dict(hard=1))]),
    dict(type='TrainLossPlateauHook'),
    dict(type='SyncReportHook'),
]
