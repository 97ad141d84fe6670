"""The controllers: each watches objects and makes the cluster as they want it (`ControllerManager`)."""
