from setuptools import setup

setup(cffi_modules=[f"{room}/native/build.py:ffi" for room in ("drivers", "drivers/sim", "firmware/media")])
