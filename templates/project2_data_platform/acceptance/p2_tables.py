"""The tables that m2 names: columns, types, and the primary key of those in the warehouse."""

IMPORT_COLUMNS = (
    "id",
    "source_id",
    "file_name",
    "size",
    "sha256",
    "records",
    "processed",
    "rejected",
    "status",
    "error",
    "created_at",
    "started_at",
    "completed_at",
    "job_id",
)
REJECT_COLUMNS = ("id", "import_id", "row_number", "raw", "reasons")


OPERATIONAL = {"public.data_sources", "public.imports", "public.rejects"}
WAREHOUSE = {
    f"warehouse.{table}" for table in ("sales", "customers", "products", "daily_sales_metrics", "customer_segments")
}


TIME, COUNT, BREAKDOWN = "timestamp with time zone", "integer", "jsonb"
TABLES: dict[str, tuple[set[str], dict[str, str]]] = {
    "sales": (
        {"transaction_id"},
        {
            "transaction_id": "character varying(64)",
            "sold_at": TIME,
            "customer_id": "character varying(64)",
            "product_id": "character varying(64)",
            "product_name": "character varying(200)",
            "category": "character varying(100)",
            "quantity": COUNT,
            "unit_price": "numeric(12,2)",
            "discount": "numeric(12,2)",
            "tax": "numeric(12,2)",
            "total": "numeric(14,2)",
            "payment_method": "character varying(20)",
            "region": "character varying(100)",
            "import_id": "bigint",
        },
    ),
    "customers": (
        {"customer_id"},
        {"customer_id": "character varying(64)", "first_sale_at": TIME, "last_sale_at": TIME},
    ),
    "products": (
        {"product_id"},
        {
            "product_id": "character varying(64)",
            "name": "character varying(200)",
            "category": "character varying(100)",
        },
    ),
    "daily_sales_metrics": (
        {"date"},
        {
            "date": "date",
            "revenue": "numeric(18,2)",
            "orders": COUNT,
            "units": COUNT,
            "average_order_value": "numeric(18,2)",
            "unique_customers": COUNT,
            "new_customers": COUNT,
            "returning_customers": COUNT,
            "by_region": BREAKDOWN,
            "by_category": BREAKDOWN,
            "by_payment_method": BREAKDOWN,
            "computed_at": TIME,
        },
    ),
    "customer_segments": (
        {"name", "as_of"},
        {
            "name": "character varying(50)",
            "as_of": "date",
            "criteria": "text",
            "customers": COUNT,
            "revenue": "numeric(18,2)",
        },
    ),
}
