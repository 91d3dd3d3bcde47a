# Features of the paper's audio tower on ESC-10: for
# tools/eval_audio_svm.py. Of another network, inherit its config instead.
_base_ = ['../avts_kinetics.py', '../_base_/datasets/esc50.py']

# With the protocol of ESC-50.
audio_svm = dict(name='esc10', dataset=dict(data_root='data/esc10'))
