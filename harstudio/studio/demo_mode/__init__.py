"""The full screen that visitors stand before."""
