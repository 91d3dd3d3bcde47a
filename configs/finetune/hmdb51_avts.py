# HMDB51 from the video tower of AVTS. Another checkpoint:
# --cfg-options model.backbone.init_cfg.checkpoint=PATH
_base_ = 'hmdb51_scratch.py'

pretraining = 'avts'
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='PretrainedTower',
            checkpoint='work_dirs/avts_kinetics/epoch_90.pth',
        ),
    ),
)
