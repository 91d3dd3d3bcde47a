# Features of the paper's audio tower on the scenes of DCASE2014: for
# tools/eval_audio_svm.py. Of another network, inherit its config instead.
_base_ = ['../avts_kinetics.py', '../_base_/datasets/dcase2014.py']
