# ESC-10 by the audio tower that was trained on GRID.
_base_ = ['../avts_grid.py', '../_base_/datasets/esc50.py']

audio_svm = dict(name='esc10', dataset=dict(data_root='data/esc10'))
