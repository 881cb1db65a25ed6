"""The pages of one programme side by side: what belongs to it is found under one row of tabs.

A tab is declared with `tabs.contribute(Tab(…))`, by this app or by an upper one.
"""
