# Recordings of ESC-10, with the protocol of ESC-50.
_base_ = 'esc50.py'

audio_svm = dict(name='esc10', dataset=dict(data_root='data/esc10'))
