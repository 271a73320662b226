"""The gateway's pages: server-rendered, with small scripts and no build."""
