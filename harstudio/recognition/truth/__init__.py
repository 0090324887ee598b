"""Whether explanations are true, their faithfulness: measured on clips, whatever the network and
whatever it tells.

Each measure works on what a person is shown (``Explainer``), brought back to the network's input by
the placement of the clip.
"""
