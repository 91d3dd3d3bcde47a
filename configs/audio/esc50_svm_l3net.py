# Features of L3-Net's audio subnetwork on ESC-50: for
# tools/eval_audio_svm.py, with --pretraining l3net.
_base_ = ['../l3net_kinetics.py', '../_base_/datasets/esc50.py']

audio_svm = dict(layer='audio_backbone.conv_4')  # its last
