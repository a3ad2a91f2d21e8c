"""Where an engine's time goes, by pass: samples of the program counter (bench/embed/sampler.h), named by addr2line."""

import subprocess

# The first word that a frame's function or file begins with, from the outermost frame inwards.
PASSES = (("attend", "attention"), ("weigh", "attention"), ("mix_", "attention"), ("load_values", "attention"),
          ("v_transpose", "attention"), ("gelu", "bias and GELU"),
          ("add_norm", "residual and LayerNorm"), ("rotate", "rotation"), ("quantize", "quantisation"),
          ("dequantize", "dequantisation"), ("look_up", "embedding look-up"), ("pool", "pooling"), ("tokenizer", "tokenizer"),
          ("trie", "tokenizer"), ("batcher", "forming batches"), ("matmul", "matrix products"), ("multiply", "matrix products"))
# What is done with a product's sums while they are in registers.
FINISH = ("finish_sum", "scaling, bias and GELU in the products")
PRODUCTS, REST = "matrix products", "the rest"
SMALL = 0.005  # passes below this share go into the rest
LIBRARIES = ("made at run time", "libdnnl", "libgomp")  # oneDNN makes its products at run time


def shares(engine, texts, seconds, program):
    """{pass: share of the time}. What no pass is known for goes by the name of its function or library."""
    answer = engine.ask(ask="profile", texts=texts, seconds=seconds)
    counts = {}
    for name, count in answer["elsewhere"].items():
        add(counts, PRODUCTS if name.startswith(LIBRARIES) else name, count)
    for address, frames in resolve(program, list(answer["program"])).items():
        add(counts, pass_of(frames), answer["program"][address])
    total = sum(counts.values()) or 1
    large = {name: count / total for name, count in counts.items() if count >= SMALL * total}
    return {**large, REST: 1 - sum(large.values())}


def add(counts, name, count):
    counts[name] = counts.get(name, 0) + count


def resolve(program, addresses):
    """{address: [(function, file), …] from the innermost outwards}"""
    found, address = {}, None
    if not addresses:
        return found
    output = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", str(program)], input="\n".join(addresses), capture_output=True,
                            text=True, check=True).stdout
    lines = iter(output.splitlines())
    for line in lines:
        if line.startswith("0x"):
            address = hex(int(line, 16))
            found[address] = []
        else:
            found[address].append((line, next(lines).rsplit("/", 1)[-1]))
    return found


def pass_of(frames):
    if any(function.startswith(FINISH[0]) for function, _ in frames):
        return FINISH[1]
    for function, file in reversed(frames):
        for beginning, name in PASSES:
            if function.startswith(beginning) or file.startswith(beginning):
                return name
    return frames[-1][0] if frames else REST
