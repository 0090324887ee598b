"""The panes of the window, by id. Adding one: a module, and a line here."""

from __future__ import annotations

from harstudio.studio.panes.color import ColorPane
from harstudio.studio.panes.depth import DepthPane
from harstudio.studio.panes.infrared import InfraredPane
from harstudio.studio.panes.pane import Pane
from harstudio.studio.panes.signals import SignalsPane
from harstudio.studio.panes.skeleton3d import Skeleton3DPane

PANES: dict[str, type[Pane]] = {
    pane.pane_id: pane for pane in (ColorPane, DepthPane, InfraredPane, Skeleton3DPane, SignalsPane)
}
