from setuptools import setup

setup(cffi_modules=["drivers/native/build.py:ffi", "drivers/sim/native/build.py:ffi", "firmware/media/native/build.py:ffi"])
