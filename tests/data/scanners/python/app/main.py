"""Planted weaknesses: nothing here is meant to run."""
import hashlib
import pickle
import subprocess


def listing(name):
    subprocess.call("ls " + name, shell=True)
    return hashlib.md5(name.encode()).hexdigest()


def load(data):
    return pickle.loads(data)
