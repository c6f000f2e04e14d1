"""InST (Zhang et al. 2023): a Stable Diffusion model repaints pictures in a look learnt from one image (extra `inst`).

A look is the embedding of a word that stands for the image. `vidstyle train --method inst` learns it, and
`vidstyle render --diversify` uses it.
"""
