# Features of the paper's audio tower on the scenes of DCASE2014: for
# tools/eval_audio_svm.py. Of another network, inherit its config instead.
_base_ = ['../avts_kinetics.py', '../_base_/datasets/esc50.py']

# 100 recordings of 30 s to learn from, 100 to test.
audio_svm = dict(name='dcase2014', dataset=dict(data_root='data/dcase2014'))
