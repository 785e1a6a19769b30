"""A policy in the forms that others read: fideslang, W3C DPV, a record of processing activities.

Every form is a pure function of a policy and its contracts, and tells what their plans say. What a policy cannot know,
such as the controller's address, is left blank under its name and never made up.
"""
