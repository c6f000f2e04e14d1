"""InST: pictures varied by a Stable Diffusion model along a learnt look (extra `inst`)."""
