# Single stage on GRID: negatives from other videos alone.
_base_ = '../avts_grid.py'

custom_hooks = [
    dict(
        type='CurriculumHook',
        stages=[dict(begin=0, mix=dict(easy=1))],
    ),
    dict(type='SyncReportHook'),
]
