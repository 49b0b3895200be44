"""Spoken prompts: where each comes from. See README.md beside this file for sets and licences."""
