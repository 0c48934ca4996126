"""Layers and networks of many members, batched over padded weights."""
