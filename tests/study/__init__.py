"""The study: does structure learn delays, and what does the gradient add?"""
