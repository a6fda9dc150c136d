"""Compiles every kernel for several cards, which needs none of them; prints what it takes.

Run by itself, as Triton's interpreter replaces the compiler for a whole process.
"""

import re

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from delaynet.model import gpu_kernels

# Turing, Ampere, Hopper, Blackwell, by their compute capability
CARDS = (75, 80, 90, 100)
TYPES = {"sums": "*fp64", "steps": "i32", "batch": "i32", "block": "constexpr"}

if __name__ == "__main__":
    for name, kernel in gpu_kernels.KERNELS.items():
        signature = {argument: TYPES.get(argument, "*fp32") for argument in kernel.arg_names}
        for card in CARDS:
            source = ASTSource(kernel, signature, {"block": 256})
            compiled = compile(source, target=GPUTarget("cuda", card, 32))
            atomics = re.findall(r"\b(?:atom|red)\.\S+", compiled.asm["ptx"])
            print(f"{name} for sm_{card}: {len(compiled.asm['cubin'])} bytes, atomics: {atomics}")
