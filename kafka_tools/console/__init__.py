"""Hot loops of the streaming tools: no click, no model, no renderer."""
