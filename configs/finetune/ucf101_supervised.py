# UCF101 from torchvision's mc3_18, trained on the labels of Kinetics-400: the
# file that torchvision.models.video.mc3_18(weights='KINETICS400_V1') fetches,
# put where `checkpoint` says (docs/finetuning.md).
_base_ = 'ucf101_scratch.py'

pretraining = 'supervised'
model = dict(
    # What these weights were trained with, in units of 0 to 255.
    data_preprocessor=dict(
        mean=(110.201, 100.64, 95.995), std=(58.148, 56.47, 55.332)
    ),
    backbone=dict(
        init_cfg=dict(
            type='PretrainedTower', checkpoint='checkpoints/mc3_18.pth'
        ),
    ),
)
