"""The papers' 10-layer CNN (Sahoo et al.) as a float TFLite file: cnn10.py FILE. Untrained, it costs the same."""

import sys
from pathlib import Path

import tensorflow as tf

layers = tf.keras.layers
net = tf.keras.Sequential([layers.Input((48, 48, 1))])
for filters in (64, 64, 128, 128, 128):
    net.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
    net.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
    net.add(layers.BatchNormalization())
    # the last pool sees a map of 2x2, which a window of 3x3 does not fit: it takes all of it
    net.add(layers.MaxPooling2D(min(3, net.output_shape[1]), 2))
    net.add(layers.Dropout(0.25))
net.add(layers.Flatten())
net.add(layers.Dense(2048, activation="relu"))
net.add(layers.Dropout(0.5))
net.add(layers.Dense(7, activation="softmax"))
Path(sys.argv[1]).write_bytes(tf.lite.TFLiteConverter.from_keras_model(net).convert())
if net.count_params() != 1_203_783:
    sys.exit(f"{net.count_params()} parameters, and the paper has 1,203,783")
