# The command word of a GRID sentence from the video tower of avts_grid.py.
# Another checkpoint:
# --cfg-options model.backbone.init_cfg.checkpoint=PATH
_base_ = 'grid_scratch.py'

pretraining = 'avts'
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='PretrainedTower',
            checkpoint='work_dirs/avts_grid/epoch_10.pth',
        ),
    ),
)
