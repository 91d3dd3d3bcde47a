# Single stage on GRID: hard negatives alone.
_base_ = '../avts_grid.py'

custom_hooks = [
    dict(
        type='CurriculumHook',
        stages=[dict(begin=0, mix=dict(hard=1))],
    ),
    dict(type='SyncReportHook'),
]
