# AVTS on Kinetics as in the paper: 4 GPUs x 16 pairs, 25 frames of 224 x 224,
# 90 epochs, hard negatives from epoch 51 on.
_base_ = [
    '_base_/models/avts_mc3.py',
    '_base_/datasets/av_pairs.py',
    '_base_/schedules/avts_90e.py',
    '_base_/default_runtime.py',
]
