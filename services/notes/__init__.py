"""Notes: what people write down, every version of it, who may read it, and how notes point at each other."""

KIND = "note"  # in the index, and of what is shared
