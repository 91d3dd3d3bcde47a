# Acoustic scenes of 30 s: 100 recordings to learn from, 100 to test.
_base_ = 'esc50.py'

audio_svm = dict(name='dcase2014', dataset=dict(data_root='data/dcase2014'))
