# The video tower of AVTS with mmaction2's classifier on top: average over
# time and space, dropout, one fully connected layer.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=(123.675, 116.28, 103.53),  # as in pretraining
        std=(58.395, 57.12, 57.375),
        format_shape='NCTHW',
    ),
    backbone=dict(
        type='MC3',
        variant='mc3',
        # All layers are finetuned (section 4). 0 freezes conv1, 1 conv2_x as
        # well, ..., 4 everything but the classifier.
        frozen_stages=-1,
        norm_eval=False,
    ),
    cls_head=dict(
        type='I3DHead',
        num_classes=101,
        in_channels=512,
        dropout_ratio=0.5,  # ours, as usual in mmaction2
        init_std=0.01,  # ours, as usual in mmaction2
        average_clips='prob',
    ),
)
