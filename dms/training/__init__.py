"""Makes the shipped models: public datasets in, INT8 TFLite files with their cards out.

Takes folders and CSV files in the layouts of ``dms.datasets``, returns ``NAME.tflite``, ``NAME.json`` and ``NAME.md``.
Needs the extra ``train`` (Keras 3, PyTorch, TensorFlow). Never imported by the daemon, never ships a picture.

Keras trains on the PyTorch backend and converts on the TensorFlow backend; a process has one backend, so it is
chosen here, before anything imports Keras, and ``export`` converts in a process of its own.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
