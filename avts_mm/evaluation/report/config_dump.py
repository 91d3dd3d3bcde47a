"""Configs as mmengine leaves them in work directories."""

import ast
from pathlib import Path
from typing import Any


def read_config(path: Path) -> dict:
    """Read a config as mmengine dumps it, without running it.

    Raises:
        ValueError: It holds more than literals and ``dict(...)``.
    """
    try:
        tree = ast.parse(path.read_text(encoding='utf-8'))
        return dict(_assigned(statement) for statement in tree.body)
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f'{path.name} is not a config as mmengine writes it: {error}'
        ) from error


def _assigned(node: ast.stmt) -> tuple[str, Any]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, _literal(node.value)
    raise ValueError(f'line {node.lineno} assigns to no name')


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        if getattr(node.func, 'id', '') != 'dict' or len(node.args) > 1:
            raise ValueError(f'line {node.lineno} calls something')
        words = {word.arg: _literal(word.value) for word in node.keywords}
        # Names that are no identifiers come as dict({...}).
        return {**(_literal(node.args[0]) if node.args else {}), **words}
    if isinstance(node, ast.Name):  # inf, nan
        return float(node.id)
    if isinstance(node, ast.Dict):
        keys = [key for key in node.keys if key is not None]
        if len(keys) < len(node.keys):
            raise ValueError(f'line {node.lineno} spreads a dict')
        return {
            ast.literal_eval(key): _literal(value)
            for key, value in zip(keys, node.values)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(entry) for entry in node.elts]
    return ast.literal_eval(node)
