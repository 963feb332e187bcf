"""Files for the game: worlds (`world`), schematics (`schem`), safe output folders (`safe`).

Below them: `level`, `region`, `chunk`, `entities`, `container` (items and game versions), and NBT both
ways (`nbt`, `nbt_read`). Everything is streamed from arrays; equal blocks give equal bytes.
"""
