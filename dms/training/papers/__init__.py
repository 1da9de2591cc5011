"""The systems of the papers that this project is measured against, as their papers describe them.

Takes ``fer2013.csv``, gives for each a trained ``.keras`` file, its INT8 file with a card, curves and ``results.json``;
for ``svm`` a file of scikit-learn. None of them ships: they are here to be trained and compared, see docs/emotion.md.
"""
