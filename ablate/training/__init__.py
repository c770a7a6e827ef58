"""How image recipes are trained: device, data, compilation, the loop. Everything here needs torch."""
