"""How large and how long a run is: what the command line chose."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes are numbers of tasks; `levels` numbers of people; `seconds` the length of one load at one level."""

    folder: Path
    sizes: tuple[int, ...]
    levels: tuple[int, ...]
    seconds: float
    repeat: int
    history: int
    crowd: int
    install_peer: bool
    label_studio: Path | None
    peer_script: Path | None
    peer_tasks: int
    peer_rounds: int
