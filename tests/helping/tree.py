"""The tree of the product, for tests that read its source."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
GROUND = ("rules", "programme")
LAYERS = (*GROUND, "evidence", "assessment", "comparison", "pictures", "report", "exchange", "joint_review")
"""The packages of the product, ground floor first."""
